// Package guard is what the two Go peers share: the token check and the token bucket, as gin middleware.
package guard

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/gomodule/redigo/redis"
)

const (
	PoolSize = 16
	rate     = 1000000
	burst    = 1000000
)

// Secret reads the file that an environment variable names.
func Secret(name string) string {
	text, err := os.ReadFile(os.Getenv(name))
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// DSN is the data source name of the database.
func DSN() string {
	return os.Getenv("WXAPP_MYSQL_USER") + ":" + Secret("WXAPP_MYSQL_PASSWORD_FILE") + "@" +
		os.Getenv("PEER_MYSQL") + "/shop?charset=utf8mb4&parseTime=True&loc=UTC"
}

func fail(c *gin.Context, status int, code string) {
	c.AbortWithStatusJSON(status, gin.H{"code": code})
}

// Auth checks the bearer token and keeps its subject as "uid".
func Auth() gin.HandlerFunc {
	key := []byte(Secret("WXAPP_JWT_KEY_FILE"))
	keys := func(*jwt.Token) (interface{}, error) { return key, nil }
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("shop.example.com"),
		jwt.WithExpirationRequired())

	return func(c *gin.Context) {
		text, found := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		if !found {
			fail(c, http.StatusUnauthorized, "token_missing")
			return
		}
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(text, &claims, keys); err != nil {
			fail(c, http.StatusUnauthorized, "token_invalid")
			return
		}
		uid, err := strconv.ParseInt(claims.Subject, 10, 64)
		if err != nil {
			fail(c, http.StatusUnauthorized, "token_invalid")
			return
		}
		c.Set("uid", uid)
	}
}

// Limit takes a token of the user's bucket in Redis.
func Limit() gin.HandlerFunc {
	network, address, _ := strings.Cut(strings.TrimSuffix(os.Getenv("PEER_REDIS"), ")"), "(")
	user, password := os.Getenv("WXAPP_REDIS_USER"), Secret("WXAPP_REDIS_PASSWORD_FILE")
	pool := &redis.Pool{
		MaxIdle:     PoolSize,
		MaxActive:   PoolSize,
		Wait:        true,
		IdleTimeout: 10 * time.Minute,
		DialContext: func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, network, address, redis.DialUsername(user), redis.DialPassword(password))
		},
	}
	text, err := os.ReadFile(os.Getenv("PEER_BUCKET"))
	if err != nil {
		panic(err)
	}
	bucket := redis.NewScript(1, string(text))

	return func(c *gin.Context) {
		conn := pool.Get()
		allowed, err := redis.Int(bucket.Do(conn, "go:user:"+strconv.FormatInt(c.GetInt64("uid"), 10), rate, burst))
		conn.Close()
		if err != nil {
			fail(c, http.StatusServiceUnavailable, "limit_unavailable")
		} else if allowed == 0 {
			fail(c, http.StatusTooManyRequests, "rate_limited")
		}
	}
}

// Serve answers on the port that the environment gives.
func Serve(routes func(api *gin.RouterGroup)) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	routes(r.Group("/api", Auth(), Limit()))
	if err := r.Run("127.0.0.1:" + os.Getenv("PEER_PORT")); err != nil {
		panic(err)
	}
}

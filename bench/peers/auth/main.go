// A peer for bench/auth: gin and golang-jwt, a token check and the smallest reply.
package main

import (
	"net/http"
	"os"

	"peers/go/guard"

	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	r.GET("/ping", guard.Auth(), func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"message": "pong"})
	})
	if err := r.Run("127.0.0.1:" + os.Getenv("PEER_PORT")); err != nil {
		panic(err)
	}
}

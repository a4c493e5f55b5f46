// A peer for bench/data: gin, database/sql with prepared statements, redigo, golang-jwt.
package main

import (
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"peers/go/guard"

	"github.com/gin-gonic/gin"
	_ "github.com/go-sql-driver/mysql"
)

type Product struct {
	ID    int64   `json:"id"`
	Name  string  `json:"name"`
	Price float64 `json:"price"`
	Stock int     `json:"stock"`
}

type Order struct {
	ID        int64  `json:"id"`
	UserID    int64  `json:"user_id"`
	ProductID int64  `json:"product_id"`
	Quantity  int    `json:"quantity"`
	Status    string `json:"status"`
}

type OrderInput struct {
	ProductID int64 `json:"product_id" binding:"required,min=1"`
	Quantity  int   `json:"quantity" binding:"required,min=1,max=99"`
}

func fail(c *gin.Context, status int, code string) {
	c.JSON(status, gin.H{"code": code})
}

func main() {
	db, err := sql.Open("mysql", guard.DSN())
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(guard.PoolSize)
	db.SetMaxIdleConns(guard.PoolSize)

	prepare := func(text string) *sql.Stmt {
		stmt, err := db.Prepare(text)
		if err != nil {
			panic(err)
		}
		return stmt
	}
	product := prepare("SELECT id, name, price, stock FROM products WHERE id = ?")
	products := prepare("SELECT id, name, price, stock FROM products WHERE price >= ? ORDER BY id LIMIT ?")
	all := prepare("SELECT id, name, price, stock FROM products ORDER BY id LIMIT ?")
	order := prepare("SELECT id, user_id, product_id, quantity, status FROM orders WHERE id = ?")
	insert := prepare("INSERT INTO orders (user_id, product_id, quantity) VALUES (?, ?, ?)")
	take := prepare("UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?")

	getProduct := func(c *gin.Context) {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			fail(c, http.StatusBadRequest, "invalid_parameter")
			return
		}
		var p Product
		err = product.QueryRowContext(c.Request.Context(), id).Scan(&p.ID, &p.Name, &p.Price, &p.Stock)
		if errors.Is(err, sql.ErrNoRows) {
			fail(c, http.StatusNotFound, "not_found")
			return
		}
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		c.JSON(http.StatusOK, p)
	}

	listProducts := func(c *gin.Context) {
		limit, err := strconv.Atoi(c.DefaultQuery("limit", "20"))
		if err != nil || limit < 1 || limit > 100 {
			fail(c, http.StatusBadRequest, "invalid_parameter")
			return
		}
		var rows *sql.Rows
		if text, found := c.GetQuery("price"); found {
			price, wrong := strconv.ParseFloat(strings.TrimPrefix(text, "gte."), 64)
			if wrong != nil {
				fail(c, http.StatusBadRequest, "invalid_parameter")
				return
			}
			rows, err = products.QueryContext(c.Request.Context(), price, limit)
		} else {
			rows, err = all.QueryContext(c.Request.Context(), limit)
		}
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		defer rows.Close()
		list := make([]Product, 0, limit)
		for rows.Next() {
			var p Product
			if err := rows.Scan(&p.ID, &p.Name, &p.Price, &p.Stock); err != nil {
				fail(c, http.StatusInternalServerError, "database_error")
				return
			}
			list = append(list, p)
		}
		if rows.Err() != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		c.JSON(http.StatusOK, list)
	}

	createOrder := func(c *gin.Context) {
		var in OrderInput
		if err := c.ShouldBindJSON(&in); err != nil {
			fail(c, http.StatusUnprocessableEntity, "validation_failed")
			return
		}
		ctx := c.Request.Context()
		result, err := insert.ExecContext(ctx, c.GetInt64("uid"), in.ProductID, in.Quantity)
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		id, _ := result.LastInsertId()
		var o Order
		if err := order.QueryRowContext(ctx, id).Scan(&o.ID, &o.UserID, &o.ProductID, &o.Quantity, &o.Status); err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		c.JSON(http.StatusCreated, o)
	}

	placeOrder := func(c *gin.Context) {
		var in OrderInput
		if err := c.ShouldBindJSON(&in); err != nil {
			fail(c, http.StatusUnprocessableEntity, "validation_failed")
			return
		}
		ctx := c.Request.Context()
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		defer tx.Rollback()

		result, err := tx.StmtContext(ctx, take).ExecContext(ctx, in.Quantity, in.ProductID, in.Quantity)
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		if n, _ := result.RowsAffected(); n != 1 {
			fail(c, http.StatusConflict, "sold_out")
			return
		}
		result, err = tx.StmtContext(ctx, insert).ExecContext(ctx, c.GetInt64("uid"), in.ProductID, in.Quantity)
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		id, _ := result.LastInsertId()
		var o Order
		err = tx.StmtContext(ctx, order).QueryRowContext(ctx, id).Scan(&o.ID, &o.UserID, &o.ProductID, &o.Quantity, &o.Status)
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
			fail(c, http.StatusInternalServerError, "database_error")
			return
		}
		c.JSON(http.StatusCreated, o)
	}

	guard.Serve(func(api *gin.RouterGroup) {
		api.GET("/products/:id", getProduct)
		api.GET("/products", listProducts)
		api.POST("/orders", createOrder)
		api.POST("/orders/place", placeOrder)
	})
}

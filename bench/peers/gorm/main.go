// A peer for bench/data: gin and GORM (jinzhu/gorm), redigo, golang-jwt.
package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"peers/go/guard"

	"github.com/gin-gonic/gin"
	"github.com/jinzhu/gorm"
	_ "github.com/jinzhu/gorm/dialects/mysql"
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
	Status    string `json:"status" gorm:"default:'pending'"`
}

type OrderInput struct {
	ProductID int64 `json:"product_id" binding:"required,min=1"`
	Quantity  int   `json:"quantity" binding:"required,min=1,max=99"`
}

var errSoldOut = errors.New("sold out")

const columns = "id, name, price, stock"

func fail(c *gin.Context, status int, code string) {
	c.JSON(status, gin.H{"code": code})
}

func main() {
	db, err := gorm.Open("mysql", guard.DSN())
	if err != nil {
		panic(err)
	}
	db.DB().SetMaxOpenConns(guard.PoolSize)
	db.DB().SetMaxIdleConns(guard.PoolSize)

	getProduct := func(c *gin.Context) {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			fail(c, http.StatusBadRequest, "invalid_parameter")
			return
		}
		var p Product
		err = db.Select(columns).Where("id = ?", id).Take(&p).Error
		if gorm.IsRecordNotFoundError(err) {
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
		query := db.Select(columns).Order("id").Limit(limit)
		if text, found := c.GetQuery("price"); found {
			price, err := strconv.ParseFloat(strings.TrimPrefix(text, "gte."), 64)
			if err != nil {
				fail(c, http.StatusBadRequest, "invalid_parameter")
				return
			}
			query = query.Where("price >= ?", price)
		}
		list := []Product{}
		if err := query.Find(&list).Error; err != nil {
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
		o := Order{UserID: c.GetInt64("uid"), ProductID: in.ProductID, Quantity: in.Quantity}
		// reads the columns that have a default after it
		if err := db.Create(&o).Error; err != nil {
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
		o := Order{UserID: c.GetInt64("uid"), ProductID: in.ProductID, Quantity: in.Quantity}
		err := db.Transaction(func(tx *gorm.DB) error {
			taken := tx.Model(&Product{}).Where("id = ? AND stock >= ?", in.ProductID, in.Quantity).
				UpdateColumn("stock", gorm.Expr("stock - ?", in.Quantity))
			if taken.Error != nil {
				return taken.Error
			}
			if taken.RowsAffected != 1 {
				return errSoldOut
			}
			return tx.Create(&o).Error
		})
		if err == errSoldOut {
			fail(c, http.StatusConflict, "sold_out")
			return
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

module github.com/whiskaway/whiskaway/bench

go 1.26.0

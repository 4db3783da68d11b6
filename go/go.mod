module github.com/chatkeep/chatkeep/go

go 1.19

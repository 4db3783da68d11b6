module example

go 1.19

require github.com/chatkeep/chatkeep/go v0.0.0

replace github.com/chatkeep/chatkeep/go => ../../go

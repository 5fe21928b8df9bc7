module example/segment

go 1.19

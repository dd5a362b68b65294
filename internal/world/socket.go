package world

func newSocket(c *client) speaker { return newBrowser(c) }

"""The server's edge: wire protocol v1 and the routes of our own client, over any plan store (DESIGN 5)."""

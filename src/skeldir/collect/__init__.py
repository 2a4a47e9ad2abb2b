"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room."""

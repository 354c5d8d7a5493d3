"""What others describe, read from NetBox or a table; and proposals to take it over, as files."""

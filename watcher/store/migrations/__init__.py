"""The way from any older shape of the database to the present one, run by `Store.upgrade`."""

"""Files of strangers, made by changing sound ones: what becomes of the kit is told in a table."""

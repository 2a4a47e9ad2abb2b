"""Files become facts: mappings, readers and the importer. The door of file imports."""

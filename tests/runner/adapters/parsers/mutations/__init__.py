"""The mutation catalogue: edits of a configuration that must be found, and edits that must not."""

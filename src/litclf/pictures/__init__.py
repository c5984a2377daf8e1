"""Pictures drawn from arrays, one kind a file; nothing here knows of Lightning."""

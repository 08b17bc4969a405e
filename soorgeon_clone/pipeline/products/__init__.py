"""What tasks made, kept to be brought back: manifests, the cache, the store."""

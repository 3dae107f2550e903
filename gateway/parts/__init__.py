"""Long messages that come in parts: kept until they are whole."""

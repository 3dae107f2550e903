"""Spreadsheets as people make them: read into records of text, every fault with its cell; and templates."""

"""Results for people and machines: tables, JSON, Markdown, JUnit's XML, one HTML page."""

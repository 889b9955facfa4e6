"""The contract between our pages and whoever gives them another look (ADR-0066)."""

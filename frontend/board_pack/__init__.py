"""The board pack as parts: what a page, a PDF, a workbook and CSV files show alike."""

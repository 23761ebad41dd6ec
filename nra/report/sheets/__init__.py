"""The workbook's sheets, one file per kind; openpyxl is imported here, so this is imported only when a workbook is asked for."""

"""Files as people save them from a spreadsheet: how their text is written, a workbook's rows, and every fault
with its cell."""

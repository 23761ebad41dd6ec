"""The field's words as frozen types: no logic, no input or output, no imports from other rooms."""

"""Python as programs are written in it: values, expressions, statements, classes, built-ins."""

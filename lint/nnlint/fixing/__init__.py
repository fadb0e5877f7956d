"""Repairs become text: found in the syntax tree, written with comments and format kept, linted again."""

"""The language server: what nnlint finds, knows and repairs, in editors. Only here pygls is imported."""

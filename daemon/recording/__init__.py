"""What the judge was given, turn by turn, kept so that `cutoverd replay` can judge it again."""

"""The risk desk: a governor's process that evaluates what changed, and says what it finds as signed records."""

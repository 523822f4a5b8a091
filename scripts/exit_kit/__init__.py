"""The exit kit: all that a member may see, as files that it can prove alone when every server is gone."""

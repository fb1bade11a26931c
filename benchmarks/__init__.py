"""Speed, side by side: figures are ratios of what was measured in one run, never a timed test."""

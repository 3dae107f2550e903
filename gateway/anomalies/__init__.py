"""Tests for what honest voting hardly ever does: bursts, number blocks, runs of numbers, one text, the pace
of a machine. Pure: a finding is a reason for people to look, and never changes a count."""

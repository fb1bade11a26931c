"""Storms of orders, drawn from a seed."""

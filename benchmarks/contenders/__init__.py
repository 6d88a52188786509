"""Contenders: each module is an ordinary application, as its documentation writes it.

All read `DATABASE_URL`, which is `postgresql://…` or `sqlite:///…`.
"""

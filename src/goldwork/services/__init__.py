"""The use cases: plain synchronous functions over a SQLAlchemy `Connection`. The only floor that writes SQL.

A service validates, keeps its promise by the database's constraints, and raises an error of `goldwork.errors`. It
neither commits nor knows HTTP; whoever calls it holds the transaction.
"""

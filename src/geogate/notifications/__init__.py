"""Notices to people: what they say, how mail and chat services are given it, and who the receivers are.

It knows no ledger and decides nothing. Texts from elsewhere are text in every format, and addresses are secrets.
"""

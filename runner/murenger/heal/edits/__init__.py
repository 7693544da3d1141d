"""Edits: plans for platforms that change a rule list command by command, and what each command does.

Input: live and golden text. Output: commands in an order that hurts nobody, and the text after each, to be proven.
"""

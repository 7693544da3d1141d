"""Parser of nftables: listings as text or JSON, their rules flattened to the rule model.

Input: what `nft list ruleset` or `nft -j list ruleset` prints. Output: a ruleset.
"""

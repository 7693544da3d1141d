"""The Linux kernel as an oracle of the nftables parser: random rulesets, real packets, verdicts compared.

Input: seeds. Output: packets on which the kernel and the model disagree, and how many broken models were found out.
"""

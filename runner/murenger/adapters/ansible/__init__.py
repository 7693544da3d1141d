"""Ansible: inventories, vaults and playbooks; the only package that imports or runs anything of Ansible.

Input: files that Ansible users have already. Output: ports `Inventory` and `Vault`, and plays with a known end.
"""

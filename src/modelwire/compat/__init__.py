"""What differs between the versions of libraries that are supported, one module for each.

Each function says what it stands for, and goes when the version that lacks it does.
"""

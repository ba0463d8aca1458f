"""Activation: from one system closure to another: plan, execute, journal, generations, boot menu."""

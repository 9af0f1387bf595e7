"""Made-up donors and patients for the demonstration, the benchmarks and the tests.

Haplotypes are drawn from published frequencies of Chinese registries, typings are blurred as laboratories of three
decades reported them. Everything follows from a seed.
"""

# For `import <nixpkgs/lib>`: the library stands beside the package set.
import ../../lib

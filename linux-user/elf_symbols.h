// Where symbols of a program are.
#pragma once

#include <optional>
#include <string_view>

#include "linux-user/elf_image.h"

namespace isobar::linux_user {

/// What is added to the addresses of the file. A static-pie program goes to two thirds of the address space, as in Linux.
constexpr u64 load_bias(const ElfImage& image) {
  constexpr u64 kRelocatableBase = 0xaaaa'aaaa'0000;
  return image.relocatable ? kRelocatableBase : 0;
}

/// The value of the function or object `name` in the symbol table of the file, not yet relocated; nullopt if the file
/// has no such symbol, no table, or one that is not inside the file. Of several the first.
std::optional<u64> find_symbol(const ElfImage& image, std::string_view name);

}  // namespace isobar::linux_user

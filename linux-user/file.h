// Open files: what descriptors of one or several processes stand for.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "support/types.h"

namespace isobar::linux_user {

/// An open file description: the console, or bytes read from the host. dup() and fork() share it, with its position.
struct File {
  int console = -1;  ///< 0, 1, 2
  std::shared_ptr<const std::string> contents;
  u64 position = 0;
};

struct Descriptor {
  std::shared_ptr<File> file;
  bool close_on_exec = false;
};

/// By number.
using FileTable = std::map<int, Descriptor>;

}  // namespace isobar::linux_user

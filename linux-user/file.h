// Open files: what descriptors of one or several processes stand for.
//
// Owns: what reading, writing and waiting do for each kind of file. Must not know: processes, memory of programs.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "functional/memory.h"
#include "linux-user/errors.h"
#include "linux-user/timer.h"

namespace isobar::linux_user {

class System;

// Flags of open() on arm64.
inline constexpr u32 kAccessMode = 3, kWriteOnly = 1, kReadWrite = 2, kCreate = 0100, kExclusive = 0200,
                     kTruncate = 01000, kAppend = 02000, kNonBlocking = 04000, kDirectory = 040000,
                     kCloseOnExec = 02000000;
// Events of poll().
inline constexpr u16 kPollIn = 1, kPollOut = 4, kPollError = 8, kPollHangUp = 16, kPollInvalid = 32;
// Types of st_mode.
inline constexpr u32 kFifo = 0010000, kCharacterDevice = 0020000, kFolder = 0040000, kRegular = 0100000;

/// An open file description: dup() and fork() share it, with position and flags.
class File {
 public:
  explicit File(u32 open_flags) : flags(open_flags) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  // Mode 3 permits neither (Linux OPEN_FMODE()).
  bool is_readable() const { return ((flags + 1) & 1) != 0; }
  bool is_writable() const { return ((flags + 1) & 2) != 0; }

  /// Up to `size` bytes from `offset` on (of files that have positions) to `to`: 0 or an error, -EAGAIN if there are none
  /// yet.
  virtual i64 read(u64 offset, u64 size, std::string& to) = 0;
  /// The number of bytes that were written, or an error; -EAGAIN if there is no room.
  virtual i64 write(u64 offset, const std::string& bytes) = 0;
  /// Which of kPollIn ... hold.
  virtual u16 ready() const { return kPollIn | kPollOut; }
  virtual bool has_position() const { return false; }
  /// What lseek() returns without looking, if there are no positions.
  virtual i64 seek_result() const { return -kESPIPE; }
  /// Is it /dev/zero? Mapping it is mapping nothing.
  virtual bool is_zeros() const { return false; }
  virtual u64 size() const { return 0; }
  /// st_mode.
  virtual u32 mode() const = 0;
  virtual u64 inode() const { return 0; }
  /// Bytes that can be mapped so that writing changes the file; nullptr: none.
  virtual std::shared_ptr<functional::Object> object() const { return nullptr; }
  virtual i64 resize(u64) { return -kEINVAL; }

  u64 position = 0;
  u32 flags;
  bool is_created = false;  ///< open() made the file (F_CREATED_QUERY)
};

/// timerfd: readable when it has expired (timer_calls.cpp).
class TimerFile : public File {
 public:
  TimerFile(System& system, u64 clock_id, u32 open_flags);
  ~TimerFile() override;
  i64 read(u64 offset, u64 size, std::string& to) override;
  i64 write(u64, const std::string&) override { return -kEINVAL; }
  u16 ready() const override { return expired != 0 ? kPollIn : u16{0}; }
  u32 mode() const override { return 0600; }
  i64 seek_result() const override { return 0; }

  Schedule schedule;  ///< in simulated time
  u64 expired = 0;    ///< times since it was read
  const u64 clock;    ///< of timerfd_create()

 private:
  System& system_;
};

struct Descriptor {
  std::shared_ptr<File> file;
  bool close_on_exec = false;
};

/// By number.
using FileTable = std::map<int, Descriptor>;
/// One more than the highest number of a descriptor (RLIMIT_NOFILE).
inline constexpr int kMostDescriptors = 1024;

/// A regular file that exists only here.
struct Inode {
  u64 number = 0;
  std::shared_ptr<functional::Object> bytes;
  u32 mode = 0;
};

/// Files and folders that programs made, by absolute path; nothing reaches the host.
struct Store {
  std::map<std::string, std::shared_ptr<Inode>> files;
  std::map<std::string, u64> folders = {{"/", 1}, {"/tmp", 2}, {"/dev", 3}, {"/dev/shm", 4}, {"/proc", 5}};  ///< their inodes
  u64 next_inode = 100;
  static constexpr std::size_t kMostFiles = 4096;
};

inline constexpr u64 kPipeCapacity = 65536, kPipeAtomic = 4096;

std::shared_ptr<File> open_console(System& system, int number);
/// The file with these bytes, for reading. `permissions`: the low bits of its mode.
std::shared_ptr<File> open_bytes(std::shared_ptr<const std::string> bytes, u32 flags, u32 permissions);
std::shared_ptr<File> open_inode(std::shared_ptr<Inode> inode, u32 flags);
/// /dev/null, zero, random and urandom; nullptr for other names.
std::shared_ptr<File> open_device(System& system, const std::string& path, u32 flags);
std::shared_ptr<File> open_folder(u64 inode, u32 flags);
/// The two ends, for reading and for writing.
std::pair<std::shared_ptr<File>, std::shared_ptr<File>> open_pipe(System& system, u32 flags);
std::shared_ptr<File> open_event(System& system, u64 value, bool is_semaphore, u32 flags);

}  // namespace isobar::linux_user

// The kinds of files (Linux fs/pipe.c, fs/eventfd.c, mm/shmem.c, drivers/char/mem.c).
#include <algorithm>
#include <cstring>

#include "linux-user/system.h"

namespace isobar::linux_user {

namespace {

class Console : public File {
 public:
  Console(System& system, int number) : File(kReadWrite), system_(system), number_(number) {}
  i64 read(u64, u64 size, std::string& to) override {
    if (number_ != 0) return -kEBADF;
    if (system_.options.read) to = system_.options.read(size);
    return 0;
  }
  i64 write(u64, const std::string& bytes) override {
    if (number_ == 0) return -kEBADF;
    if (system_.options.write) system_.options.write(number_, bytes);
    return static_cast<i64>(bytes.size());
  }
  /// As far as buffering goes; it is no terminal, see ioctl().
  u32 mode() const override { return kCharacterDevice | 0620; }

 private:
  System& system_;
  int number_;
};

class Bytes : public File {
 public:
  Bytes(std::shared_ptr<const std::string> bytes, u32 f, u32 permissions)
      : File(f), bytes_(std::move(bytes)), permissions_(permissions) {}
  i64 read(u64 offset, u64 size, std::string& to) override {
    if (offset < bytes_->size()) to = bytes_->substr(offset, size);
    return 0;
  }
  i64 write(u64, const std::string&) override { return -kEBADF; }
  bool has_position() const override { return true; }
  u64 size() const override { return bytes_->size(); }
  u32 mode() const override { return kRegular | permissions_; }

 private:
  std::shared_ptr<const std::string> bytes_;
  u32 permissions_;
};

class InMemory : public File {
 public:
  InMemory(std::shared_ptr<Inode> inode, u32 f) : File(f), inode_(std::move(inode)) {}
  i64 read(u64 offset, u64 size, std::string& to) override {
    const u64 end = inode_->bytes->size();
    to.resize(offset < end ? std::min(size, end - offset) : 0);
    to.resize(inode_->bytes->read(offset, to.data(), to.size()));
    return 0;
  }
  i64 write(u64 offset, const std::string& bytes) override {
    if (offset > kLargest - bytes.size()) return -kEFBIG;
    if (offset + bytes.size() > inode_->bytes->size()) inode_->bytes->resize(offset + bytes.size());
    const u64 done = inode_->bytes->write(offset, bytes.data(), bytes.size());
    return done == 0 && !bytes.empty() ? -kENOSPC : static_cast<i64>(done);
  }
  bool has_position() const override { return true; }
  u64 size() const override { return inode_->bytes->size(); }
  u32 mode() const override { return kRegular | inode_->mode; }
  u64 inode() const override { return inode_->number; }
  std::shared_ptr<functional::Object> object() const override { return inode_->bytes; }
  i64 resize(u64 size) override {
    if (size > kLargest) return -kEFBIG;
    inode_->bytes->resize(size);
    return 0;
  }

 private:
  static constexpr u64 kLargest = u64{1} << 40;
  std::shared_ptr<Inode> inode_;
};

class Device : public File {
 public:
  enum class Kind : u8 { Null, Zero, Random };
  Device(System& system, Kind kind, u32 f) : File(f), system_(system), kind_(kind) {}
  i64 read(u64, u64 size, std::string& to) override {
    if (kind_ == Kind::Null) return 0;
    to.assign(size, '\0');
    for (u64 i = 0; kind_ == Kind::Random && i < size; i += 8) {
      const u64 value = system_.random();
      std::memcpy(to.data() + i, &value, std::min<u64>(8, size - i));
    }
    return 0;
  }
  i64 write(u64, const std::string& bytes) override { return static_cast<i64>(bytes.size()); }
  u32 mode() const override { return kCharacterDevice | 0666; }
  i64 seek_result() const override { return 0; }
  bool is_zeros() const override { return kind_ == Kind::Zero; }

 private:
  System& system_;
  Kind kind_;
};

class Folder : public File {
 public:
  Folder(u64 inode, u32 f) : File(f), inode_(inode) {}
  i64 read(u64, u64, std::string&) override { return -kEISDIR; }
  i64 write(u64, const std::string&) override { return -kEBADF; }
  u32 mode() const override { return kFolder | 0777; }
  u64 inode() const override { return inode_; }

 private:
  u64 inode_;
};

struct Pipe {
  std::string bytes;
  bool has_reader = true, has_writer = true;
};

class PipeEnd : public File {
 public:
  PipeEnd(System& system, std::shared_ptr<Pipe> pipe, u32 f) : File(f), system_(system), pipe_(std::move(pipe)) {
    ++system_.pipe_ends;
  }
  ~PipeEnd() override {
    --system_.pipe_ends;
    (is_writable() ? pipe_->has_writer : pipe_->has_reader) = false;
    system_.notify();
  }
  i64 read(u64, u64 size, std::string& to) override {
    if (pipe_->bytes.empty()) return pipe_->has_writer && size != 0 ? -kEAGAIN : 0;
    to = pipe_->bytes.substr(0, size);
    pipe_->bytes.erase(0, to.size());
    system_.notify();
    return 0;
  }
  /// What is not longer than PIPE_BUF is written as a whole.
  i64 write(u64, const std::string& bytes) override {
    if (!pipe_->has_reader) return -kEPIPE;
    const u64 room = kPipeCapacity - pipe_->bytes.size(), part = std::min<u64>(room, bytes.size());
    if (bytes.empty()) return 0;
    if (part == 0 || (bytes.size() <= kPipeAtomic && part < bytes.size())) return -kEAGAIN;
    pipe_->bytes.append(bytes, 0, part);
    system_.notify();
    return static_cast<i64>(part);
  }
  u16 ready() const override {
    if (is_writable()) {
      const u16 out = kPipeCapacity - pipe_->bytes.size() >= kPipeAtomic ? kPollOut : 0;
      return pipe_->has_reader ? out : static_cast<u16>(out | kPollError);
    }
    const u16 in = pipe_->bytes.empty() ? 0 : kPollIn;
    return pipe_->has_writer ? in : static_cast<u16>(in | kPollHangUp);
  }
  u32 mode() const override { return kFifo | 0600; }

 private:
  System& system_;
  std::shared_ptr<Pipe> pipe_;
};

class Event : public File {
 public:
  Event(System& system, u64 value, bool is_semaphore, u32 f)
      : File(f), system_(system), value_(value), is_semaphore_(is_semaphore) {}
  i64 read(u64, u64 size, std::string& to) override {
    if (size < sizeof value_) return -kEINVAL;
    if (value_ == 0) return -kEAGAIN;
    const u64 taken = is_semaphore_ ? 1 : value_;
    value_ -= taken;
    to.assign(reinterpret_cast<const char*>(&taken), sizeof taken);
    system_.notify();
    return 0;
  }
  i64 write(u64, const std::string& bytes) override {
    u64 more = 0;
    if (bytes.size() < sizeof more) return -kEINVAL;
    std::memcpy(&more, bytes.data(), sizeof more);
    if (more == ~u64{0}) return -kEINVAL;
    if (more > kMost - value_) return -kEAGAIN;
    value_ += more;
    system_.notify();
    return sizeof more;
  }
  u16 ready() const override {
    return static_cast<u16>((value_ != 0 ? kPollIn : 0) | (value_ < kMost ? kPollOut : 0));
  }
  u32 mode() const override { return 0600; }
  i64 seek_result() const override { return 0; }

 private:
  static constexpr u64 kMost = ~u64{0} - 1;
  System& system_;
  u64 value_;
  bool is_semaphore_;
};

}  // namespace

std::shared_ptr<File> open_console(System& system, int number) {
  return std::make_shared<Console>(system, number);
}

std::shared_ptr<File> open_bytes(std::shared_ptr<const std::string> bytes, u32 flags, u32 permissions) {
  return std::make_shared<Bytes>(std::move(bytes), flags, permissions);
}

std::shared_ptr<File> open_inode(std::shared_ptr<Inode> inode, u32 flags) {
  return std::make_shared<InMemory>(std::move(inode), flags);
}

std::shared_ptr<File> open_device(System& system, const std::string& path, u32 flags) {
  if (path == "/dev/null") return std::make_shared<Device>(system, Device::Kind::Null, flags);
  if (path == "/dev/zero") return std::make_shared<Device>(system, Device::Kind::Zero, flags);
  if (path == "/dev/urandom" || path == "/dev/random")
    return std::make_shared<Device>(system, Device::Kind::Random, flags);
  return nullptr;
}

std::shared_ptr<File> open_folder(u64 inode, u32 flags) {
  return std::make_shared<Folder>(inode, flags);
}

std::pair<std::shared_ptr<File>, std::shared_ptr<File>> open_pipe(System& system, u32 flags) {
  const auto pipe = std::make_shared<Pipe>();
  return {std::make_shared<PipeEnd>(system, pipe, flags), std::make_shared<PipeEnd>(system, pipe, flags | kWriteOnly)};
}

std::shared_ptr<File> open_event(System& system, u64 value, bool is_semaphore, u32 flags) {
  return std::make_shared<Event>(system, value, is_semaphore, flags | kReadWrite);
}

}  // namespace isobar::linux_user

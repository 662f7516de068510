// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/config.hpp>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>
#if defined(__unix__)
#include <unistd.h>
#endif

AHA_NAMESPACE_BEGIN

// Executors for everybody; what an executor is says executor.hpp.

/// Runs everything on the calling thread.
struct serial_executor {
  template <class F>
  void run(std::int64_t count, F const& f) const {
    for (std::int64_t i = 0; i < count; ++i) f(i);
  }
};

/// A pool of threads that is made at first use and kept. One caller at a time has the workers; another caller at the same
/// moment, or a forked child (whose workers do not exist), runs on its own thread with the same result.
class thread_pool {
 public:
  static thread_pool& instance() {
    static owner o;
    return *o.pool;
  }
  thread_pool(thread_pool const&) = delete;
  thread_pool& operator=(thread_pool const&) = delete;

  template <class F>
  void run(int threads, std::int64_t count, F const& f) {
    if (threads <= 1 || count <= 1 || process() != process_ || taken_.exchange(true, std::memory_order_acquire)) {
      serial_executor{}.run(count, f);
      return;
    }
    struct release {
      std::atomic<bool>& taken;
      ~release() { taken.store(false, std::memory_order_release); }
    } const at_end{taken_};
    int helpers = static_cast<int>(threads < count ? threads : count) - 1;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      while (static_cast<int>(workers_.size()) < helpers && add_worker()) {
      }
      if (static_cast<int>(workers_.size()) < helpers) helpers = static_cast<int>(workers_.size());
      call_ = [](void const* context, std::int64_t i) { (*static_cast<F const*>(context))(i); };
      context_ = &f;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      helpers_ = helpers;
      running_ = helpers;
      round_.store(round_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    wake_.notify_all();
    drain();
    linger([this] { return running_.load(std::memory_order_relaxed) == 0; });
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  /// In a forked child the pool is left as it is: its threads belong to the parent, and destroying the condition
  /// variable that they wait on would wait for them for ever.
  struct owner {
    thread_pool* pool;
    owner() : pool(new thread_pool) {}
    ~owner() {
      if (process() == pool->process_) delete pool;
    }
  };
  thread_pool() = default;
  ~thread_pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& t : workers_) t.join();
  }
  static std::int64_t process() {
#if defined(__unix__)
    return static_cast<std::int64_t>(getpid());
#else
    return 0;
#endif
  }
  void drain() {
    for (std::int64_t i = next_.fetch_add(1); i < count_; i = next_.fetch_add(1)) call_(context_, i);
  }
  /// False where the system gives no further thread: the call runs on those that are there.
  bool add_worker() {
    int const id = static_cast<int>(workers_.size());
#if AHA_EXCEPTIONS
    try {
      workers_.emplace_back([this, id] { work(id); });
    } catch (std::system_error const&) {
      return false;
    }
#else
    workers_.emplace_back([this, id] { work(id); });
#endif
    return true;
  }
  void work(int id) {
    std::uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) return;
      seen = round_;
      if (id >= helpers_) continue;
      lock.unlock();
      drain();
      lock.lock();
      if (--running_ == 0) done_.notify_one();
      lock.unlock();
      linger([&] { return round_.load(std::memory_order_relaxed) != seen; });
      lock.lock();
    }
  }
  /// Some ten microseconds of asking before a thread sleeps: a trainer's calls follow each other, and to be woken takes
  /// longer than a small batch. What is asked for is looked at again under the mutex.
  template <class Done>
  static void linger(Done const& done) {
    for (int k = 0; k < 400 && !done(); ++k) {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
  }

  std::atomic<bool> taken_{false};  // not a mutex: a nested call asks on the thread that has it
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<std::thread> workers_;
  std::atomic<std::int64_t> next_{0};
  std::int64_t count_ = 0;
  std::int64_t process_ = process();
  void (*call_)(void const*, std::int64_t) = nullptr;
  void const* context_ = nullptr;
  std::atomic<std::uint64_t> round_{0};  // this and running_ change under the mutex alone
  int helpers_ = 0;
  std::atomic<int> running_{0};
  bool stop_ = false;
};

/// std::thread executor over the kept pool. `threads` 0 means all that the machine has, 1 the calling thread alone: then
/// no pool is made.
struct thread_executor {
  int threads = 0;
  template <class F>
  void run(std::int64_t count, F const& f) const {
    if (threads == 1) return serial_executor{}.run(count, f);
    static int const all = static_cast<int>(std::thread::hardware_concurrency());
    thread_pool::instance().run(threads > 0 ? threads : (all > 0 ? all : 1), count, f);
  }
};

AHA_NAMESPACE_END

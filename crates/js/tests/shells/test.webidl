// One of everything that the generator knows.

[Exposed=*]
interface EventTarget {
  constructor();
  undefined ping(DOMString name);
};

[Global=Window, Exposed=Window]
interface Window : EventTarget {
  [LegacyUnforgeable] readonly attribute Window window;
  [Replaceable] readonly attribute Window self;
  [PutForwards=href, LegacyUnforgeable] readonly attribute Place location;
  undefined close();
  attribute EventHandler onload;
};
Window includes WindowOrWorkerGlobalScope;

[Exposed=Worker]
interface WorkerGlobalScope : EventTarget {
  readonly attribute WorkerGlobalScope self;
};
WorkerGlobalScope includes WindowOrWorkerGlobalScope;

[Global=(Worker,DedicatedWorker), Exposed=DedicatedWorker]
interface DedicatedWorkerGlobalScope : WorkerGlobalScope {
  undefined close();
};

interface mixin WindowOrWorkerGlobalScope {
  Promise<DOMString> fetch(USVString input, optional Init init = {});
  [Exposed=Window] undefined onlyInWindows();
};

[Exposed=*]
interface Place {
  stringifier attribute USVString href;
  [Default] object toJSON();
  readonly attribute unsigned long port;
  readonly attribute any anything;
};

[Exposed=*]
interface Headers {
  constructor(optional HeadersInit init);
  undefined append(ByteString name, ByteString value);
  ByteString? get(ByteString name);
  iterable<ByteString, ByteString>;
};
typedef (sequence<sequence<ByteString>> or record<ByteString, ByteString>) HeadersInit;

enum Mode { "cors", "same-origin" };

dictionary Base {
  long zebra = 1;
  required DOMString apple;
};
dictionary Init : Base {
  Mode mode = "cors";
  Headers headers;
  sequence<octet> bytes = [];
  boolean aardvark;
};
partial dictionary Init {
  double lazy;
};
callback Visitor = undefined (any value);
callback interface Listener {
  undefined handleEvent(any event);
};

[Exposed=*]
interface Thing : EventTarget {
  constructor(DOMString name, optional long count = 5);
  const unsigned short ONE = 1;
  const boolean NO = false;
  readonly attribute DOMString name;
  attribute long count;
  attribute Mode mode;
  attribute Thing? other;
  attribute EventHandler onabort;
  readonly attribute Promise<undefined> ready;
  [LegacyUnforgeable] readonly attribute boolean isTrusted;
  static Thing of(DOMString name);
  static readonly attribute long made;
  any echo(any value);
  DOMString init(Init init);
  Promise<any> later(long value);
  DOMString kinds(DOMString a, optional boolean b = false, any... rest);
  any overloaded(long value);
  any overloaded(DOMString a, DOMString b);
  any overloaded(DOMString a, Headers b);
  any overloaded(DOMString a, DOMString b, boolean c, optional boolean d = true);
  any union((Headers or BufferSource or sequence<long> or DOMString or boolean or double)? value);
  undefined visit(Visitor visitor);
  undefined listen(Listener? listener);
  any integers(octet a, [Clamp] byte b, [EnforceRange] unsigned short c, unsigned long long d);
  any numbers(float a, unrestricted double b, long long c);
  USVString scalar(USVString value, [LegacyNullToEmptyString] DOMString other);
  any buffers(ArrayBuffer a, [AllowShared] Uint8Array b, [AllowResizable] ArrayBufferView c);
  any rows(record<DOMString, long> value);
  Dictionary give();
  [Exposed=Worker] undefined onlyInWorkers();
  stringifier;
};
dictionary Dictionary {
  long a;
};
partial interface Thing {
  readonly attribute object later2;
};

[Exposed=*]
interface SubThing : Thing {
};

[Exposed=*]
interface Lines {
  constructor();
  async_iterable<DOMString>(optional long from = 0);
};
[Exposed=*]
interface Pages {
  constructor();
  async_iterable<DOMString, long>;
};

[Exposed=*]
namespace console {
  undefined log(any... data);
  const long LEVEL = 3;
};
[Exposed=Window, SecureContext]
interface Secure {
};

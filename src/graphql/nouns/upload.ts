import { Arg, Ctx, Field, ID, Mutation, ObjectType, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { nodeTypeOf } from "../../entities/identifier.js";
import { Upload } from "../../entities/upload.js";
import { createUpload } from "../../uploads/create.js";
import { uploadUrl } from "../../uploads/signature.js";
import { answer } from "../builders/answer.js";
import type { Context } from "../context/context.js";
import { CreateUploadInput } from "../inputs/upload.js";
import { Payload } from "../payloads/problem.js";

@ObjectType({ description: "A header of an HTTP request." })
export class HttpHeader {
  @Field({ description: "Its name." })
  name!: string;

  @Field({ description: "Its value." })
  value!: string;
}

@ObjectType({ description: "Where to put the bytes of a file." })
export class UploadTargetObject {
  constructor(private readonly upload: Upload) {}

  @Field(() => ID, { description: "Id of the upload, for `inferDataset` and `importUpload`." })
  get id(): string {
    return this.upload.id;
  }

  @Field({
    description:
      "Where to send the bytes, with `method` and `headers`: absolute, or a path on this server. It is signed, so no key is needed. The last bytes count until the first inference or import.",
  })
  get url(): string {
    return uploadUrl(this.upload);
  }

  @Field({ description: "The method of the request: `PUT`." })
  get method(): string {
    return "PUT";
  }

  @Cost({ length: 2 })
  @Field(() => [HttpHeader], { description: "Headers that the request must have." })
  get headers(): HttpHeader[] {
    return [{ name: "Content-Type", value: "application/octet-stream" }];
  }

  @Field({ description: "When the URL expires." })
  get expiresAt(): Date {
    return this.upload.expiresAt;
  }
}

@ObjectType({ description: "The result of `createUpload`." })
class CreateUploadPayload extends Payload {
  uploadId?: string;

  @Field(() => UploadTargetObject, {
    nullable: true,
    description: "Where to put the file's bytes; null when there are problems.",
  })
  async upload(@Ctx() { loaders }: Context): Promise<UploadTargetObject | null> {
    const upload = this.uploadId === undefined ? null : await loaders.byId(Upload).load(this.uploadId);
    return upload && new UploadTargetObject(upload);
  }
}

@Resolver()
class UploadResolver {
  @Query(() => Upload, { nullable: true, description: "An upload; null if there is none of this id." })
  async upload(
    @Arg("id", () => ID, { description: "Id of the upload." }) id: string,
    @Ctx() { loaders }: Context,
  ): Promise<Upload | null> {
    return nodeTypeOf(id) === "Upload" ? loaders.byId(Upload).load(id) : null;
  }

  @Mutation(() => CreateUploadPayload, {
    description: "Creates a signed URL under which a file's bytes can be put, for `inferDataset` and `importUpload`.",
  })
  async createUpload(
    @Arg("input", () => CreateUploadInput, { description: "The file." }) input: CreateUploadInput,
    @Ctx() { session }: Context,
  ): Promise<CreateUploadPayload> {
    return answer(CreateUploadPayload, await createUpload(session, input));
  }
}

/** Files on their way into datasets. */
export const uploadResolvers = [UploadResolver];
